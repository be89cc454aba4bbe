import { Injectable } from '@nestjs/common';
import type { checkouts, Prisma } from '../../generated/prisma/client.js';
import { ObjectsRepository } from '../shared/objects.repository.js';

export type CheckoutRow = checkouts;

/** The SQL of checkouts. */
@Injectable()
export class CheckoutsRepository extends ObjectsRepository<
  CheckoutRow,
  Prisma.checkoutsUncheckedCreateInput
> {
  protected override readonly table = 'checkouts';
}
