import { Injectable } from '@nestjs/common';

/** What time it is. Everything asks here, so that a test can move time instead of waiting for it. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
