import { Injectable } from '@nestjs/common';
import type { Checkout, Prisma } from '../../generated/prisma/client.js';
import { ObjectsRepository } from '../shared/objects.repository.js';

export type CheckoutRow = Checkout;

/** The SQL of checkouts. */
@Injectable()
export class CheckoutsRepository extends ObjectsRepository<
  CheckoutRow,
  Prisma.CheckoutUncheckedCreateInput
> {
  protected override readonly table = 'checkouts';

  protected override get model() {
    return this.database.db.checkout;
  }
}
