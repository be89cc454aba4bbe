import { Module } from '@nestjs/common';
import { ClientSecrets } from '../purchases/checkouts/client-secrets.js';
import { KeyRotationRepository } from './key-rotation.repository.js';
import { KeyRotationService } from './key-rotation.service.js';

/** Supports replacing the service's secret keys. Used by the command line. */
@Module({
  providers: [ClientSecrets, KeyRotationRepository, KeyRotationService],
  exports: [KeyRotationService],
})
export class KeyRotationModule {}
