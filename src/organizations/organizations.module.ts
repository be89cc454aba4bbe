import { Module } from '@nestjs/common';
import { OrganizationsController } from './organizations.controller.js';
import { OrganizationsRepository } from './organizations.repository.js';
import { OrganizationsService } from './organizations.service.js';
import { TokenAuthenticator } from './tokens.authenticator.js';
import { TokensController } from './tokens.controller.js';
import { TokensRepository } from './tokens.repository.js';
import { TokensService } from './tokens.service.js';

@Module({
  controllers: [OrganizationsController, TokensController],
  providers: [
    OrganizationsRepository,
    OrganizationsService,
    TokenAuthenticator,
    TokensRepository,
    TokensService,
  ],
  exports: [OrganizationsService, TokenAuthenticator, TokensService],
})
export class OrganizationsModule {}
