import { type DynamicModule, Module } from '@nestjs/common';
import { EffectsModule } from './effects/effects.module.js';
import type { Settings } from './platform/config.js';
import { PlatformModule } from './platform/platform.module.js';

/** Root of the worker: relay, queue and handlers. No controllers. */
@Module({})
export class WorkerModule {
  static with(settings: Settings): DynamicModule {
    return { module: WorkerModule, imports: [PlatformModule.with(settings), EffectsModule] };
  }
}
