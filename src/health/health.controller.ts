import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ServiceUnavailable } from '../platform/errors.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { LiveDto, ReadyDto } from './health.dto.js';
import { HealthService } from './health.service.js';

/** For the orchestrator. No token and no rate limit: a throttled check would look like a failure. */
@ApiTags('Operations')
@ApiSecurity({})
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Is the process running?',
    description: 'Checks no dependency. If this fails, restart the process.',
  })
  @ApiOkResponse({ type: LiveDto })
  live(): LiveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Can the process do its work?',
    description:
      'Whether the database answers within 2 seconds and has every migration, and for a worker ' +
      'also whether the queue answers. A 503 shows in `checks` which check failed; route ' +
      'no requests to the process until it recovers. It is also 503 while the process stops.',
  })
  @ApiOkResponse({ type: ReadyDto })
  @ApiErrors(ServiceUnavailable)
  async ready(): Promise<ReadyDto> {
    return { status: 'ok', checks: await this.health.ready() };
  }
}
