import { Injectable } from '@nestjs/common';
import { changesOf } from '../../platform/changes.js';
import type { Caller } from '../../platform/http/access.js';
import { CheckoutsRepository } from '../checkouts/checkouts.repository.js';
import type { InlineCustomer } from '../customers/customers.dto.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { CustomersService } from '../customers/customers.service.js';
import type { InlineProduct } from '../products/products.dto.js';
import { ProductsRepository } from '../products/products.repository.js';
import { ProductsService } from '../products/products.service.js';
import { notFound } from './failures.js';

/** What a purchase points to. A key that is undefined or null points nowhere. */
export interface Pointers {
  product_id?: string;
  customer_id?: string | null;
  checkout_id?: string | null;
}

/** What a PUT points to: of each pair exactly one is there. */
export interface InlinePointers {
  product?: InlineProduct;
  product_id?: string;
  customer?: InlineCustomer;
  customer_id?: string;
  checkout_id?: string;
}

/** Sees to it that what a purchase points to is there. */
@Injectable()
export class References {
  constructor(
    private readonly products: ProductsRepository,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly productsService: ProductsService,
    private readonly customersService: CustomersService,
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

  /**
   * Creates or updates what is given inline. What `row` points to already is not looked for: it may
   * have been deleted since, which is no reason to refuse a PUT that changes nothing.
   *
   * @param row the purchase as it is; null for a new one.
   * @returns the ids that the purchase is to have.
   * @throws ResourceNotFound, Conflict
   */
  async bring(
    caller: Caller,
    sent: InlinePointers,
    row: Pointers | null,
  ): Promise<{ product_id: string; customer_id: string }> {
    const { product, customer, checkout_id } = sent;
    // Always the product first, so that two of these cannot wait for each other.
    const product_id = product
      ? (await this.productsService.bring(caller, product)).id
      : (sent.product_id as string);
    const customer_id = customer
      ? (await this.customersService.bring(caller, customer)).id
      : (sent.customer_id as string);
    const pointers = { product_id, customer_id, ...(checkout_id && { checkout_id }) };
    await this.hold(caller.organizationId, changesOf<Pointers>(row ?? {}, pointers));
    return { product_id, customer_id };
  }
}
