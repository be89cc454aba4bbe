import { ShownEnum, ShownObject } from '../platform/http/answers.js';
import type { Checks } from './health.service.js';

const STATES = ['ok', 'failed'];

/** What was asked, and whether it answered. */
class ChecksDto implements Checks {
  @ShownEnum(STATES, 'The database answers.')
  database: 'ok' | 'failed';

  @ShownEnum(STATES, 'It has every migration that this version needs.')
  migrations: 'ok' | 'failed';

  @ShownEnum(STATES, 'The queue answers. Of workers only.', { required: false })
  queue?: 'ok' | 'failed';
}

export class LiveDto {
  @ShownEnum(['ok'], 'It runs.')
  status: 'ok';
}

export class ReadyDto extends LiveDto {
  @ShownObject(ChecksDto, 'What was asked, and whether it answered.')
  checks: Checks;
}
