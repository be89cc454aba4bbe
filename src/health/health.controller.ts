import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ServiceUnavailable } from '../platform/errors.js';
import { Fails } from '../platform/http/docs.js';
import { LiveDto, ReadyDto } from './health.dto.js';
import { HealthService } from './health.service.js';

/** For the orchestrator. No token, and no rate limit: who is asked too often to say so is not ill. */
@ApiTags('Operations')
@ApiSecurity({})
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({
    operationId: 'live',
    summary: 'Does the process run?',
    description: 'Asks nothing and nobody. When this fails the process should be started anew.',
  })
  @ApiOkResponse({ type: LiveDto })
  live(): LiveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'ready',
    summary: 'Can the process do its work?',
    description:
      'Whether the database answers within 2 seconds and has every migration, and of a worker ' +
      'whether the queue answers too. A 503 names in `checks` what has failed; while it lasts the ' +
      'process should get no requests.',
  })
  @ApiOkResponse({ type: ReadyDto })
  @Fails(ServiceUnavailable)
  async ready(): Promise<ReadyDto> {
    return { status: 'ok', checks: await this.health.ready() };
  }
}
