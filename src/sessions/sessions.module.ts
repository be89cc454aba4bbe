import { Module } from '@nestjs/common';
import { SessionAuthenticator } from './sessions.authenticator.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

/** Portal sessions of customers and members. */
@Module({
  controllers: [SessionsController],
  providers: [SessionAuthenticator, SessionsRepository, SessionsService],
  exports: [SessionAuthenticator, SessionsService],
})
export class SessionsModule {}
