import { type DynamicModule, Module } from '@nestjs/common';
import { Settings } from '../platform/config.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { MetricsController } from './metrics.controller.js';

/** Health and metrics, which every role has. */
@Module({})
export class HealthModule {
  static with(settings: Settings): DynamicModule {
    const onMainPort = settings.metricsPort === undefined;
    return {
      module: HealthModule,
      controllers: [HealthController, ...(onMainPort ? [MetricsController] : [])],
      providers: [HealthService],
    };
  }
}
