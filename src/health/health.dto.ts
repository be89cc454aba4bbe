import { ApiSchema } from '@nestjs/swagger';
import { EnumProperty, ObjectProperty } from '../platform/http/response-properties.js';
import type { Checks } from './health.service.js';

const STATES = ['ok', 'failed'];

/** The result of each check. */
@ApiSchema({ name: 'HealthChecks', description: 'The result of each check.' })
class ChecksDto implements Checks {
  @EnumProperty(STATES, 'The database answers.')
  database: 'ok' | 'failed';

  @EnumProperty(STATES, 'It has every migration that this version needs.')
  migrations: 'ok' | 'failed';

  @EnumProperty(STATES, 'The queue answers. Only for workers.', { required: false })
  queue?: 'ok' | 'failed';

  @EnumProperty(
    ['held'],
    'Mails and webhooks wait, because HOLD_OUTBOX is set. Only for workers.',
    {
      required: false,
    },
  )
  outbox?: 'held';
}

@ApiSchema({ name: 'Liveness' })
export class LiveDto {
  @EnumProperty(['ok'], 'The process runs.')
  status: 'ok';
}

@ApiSchema({ name: 'Readiness' })
export class ReadyDto extends LiveDto {
  @ObjectProperty(ChecksDto, 'The result of each check.')
  checks: Checks;
}
