import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Metrics } from '../platform/metrics.js';

/** The version of Prometheus' text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

@ApiTags('Operations')
@ApiSecurity({})
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', METRICS_TYPE)
  @ApiOperation({
    operationId: 'metrics',
    summary: 'Metrics for Prometheus',
    description: 'In Prometheus’ text format. On a port of its own when METRICS_PORT is set.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The metrics.', schema: { type: 'string' } })
  show(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
