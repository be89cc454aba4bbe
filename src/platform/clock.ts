import { Injectable } from '@nestjs/common';

/** The only source of the current time, so that a test can move time instead of waiting. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
