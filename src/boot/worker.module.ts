import { type DynamicModule, Module } from '@nestjs/common';
import { EffectsModule } from '../effects/effects.module.js';
import type { Settings } from '../platform/settings.js';
import { PlatformModule } from '../platform/platform.module.js';

/** The relay, the queue and the handlers of the worker, without controllers. */
@Module({})
export class WorkerModule {
  static with(settings: Settings): DynamicModule {
    return { module: WorkerModule, imports: [PlatformModule.with(settings), EffectsModule] };
  }
}
