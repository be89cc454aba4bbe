import { Injectable } from '@nestjs/common';
import { CheckoutsRepository } from '../checkouts/checkouts.repository.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { ProductsRepository } from '../products/products.repository.js';
import { notFound } from './failures.js';

/** What a purchase points to. A key that is undefined or null points nowhere. */
export interface Pointers {
  product_id?: string;
  customer_id?: string | null;
  checkout_id?: string | null;
}

/** Checks that what a new purchase points to is there. */
@Injectable()
export class References {
  constructor(
    private readonly products: ProductsRepository,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
  ) {}

  /**
   * What was found cannot be deleted until the caller's transaction ends.
   * @throws ResourceNotFound naming what is unknown, deleted or another tenant's.
   */
  async hold(organizationId: string, pointers: Pointers): Promise<void> {
    const { product_id, customer_id, checkout_id } = pointers;
    if (product_id && !(await this.products.hold(organizationId, product_id))) {
      throw notFound('product', product_id);
    }
    if (customer_id && !(await this.customers.hold(organizationId, customer_id))) {
      throw notFound('customer', customer_id);
    }
    if (checkout_id && !(await this.checkouts.find(organizationId, checkout_id))) {
      throw notFound('checkout', checkout_id);
    }
  }
}
