import { ApiProperty } from '@nestjs/swagger';
import type { Checks } from './health.service.js';

const STATE = { enum: ['ok', 'failed'], example: 'ok' };

/** What was asked, and whether it answered. */
export class ChecksDto implements Checks {
  @ApiProperty({ ...STATE, description: 'The database answers.' })
  database: 'ok' | 'failed';

  @ApiProperty({ ...STATE, description: 'It has every migration that this version needs.' })
  migrations: 'ok' | 'failed';

  @ApiProperty({ ...STATE, required: false, description: 'The queue answers. Of workers only.' })
  queue?: 'ok' | 'failed';
}

export class LiveDto {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}

export class ReadyDto extends LiveDto {
  @ApiProperty({ type: ChecksDto })
  checks: Checks;
}
