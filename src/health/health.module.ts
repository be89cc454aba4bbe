import { type DynamicModule, Module } from '@nestjs/common';
import { Settings } from '../platform/settings.js';
import { EffectsModule } from '../effects/effects.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { MetricsController } from './metrics.controller.js';

/** Health and metrics, for every role. */
@Module({})
export class HealthModule {
  static with(settings: Settings): DynamicModule {
    const onMainPort = settings.metricsPort === undefined;
    return {
      module: HealthModule,
      imports: settings.role === 'api' ? [] : [EffectsModule],
      controllers: [HealthController, ...(onMainPort ? [MetricsController] : [])],
      providers: [HealthService],
    };
  }
}
