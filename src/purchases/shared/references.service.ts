import { Injectable } from '@nestjs/common';
import { changedFields } from '../../platform/changed-fields.js';
import type { Caller } from '../../platform/caller.js';
import { CheckoutsRepository } from '../checkouts/checkouts.repository.js';
import type { InlineCustomer } from '../customers/customers.dto.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { CustomersService } from '../customers/customers.service.js';
import type { InlineProduct } from '../products/products.dto.js';
import { ProductsRepository } from '../products/products.repository.js';
import { ProductsService } from '../products/products.service.js';
import { noSuch } from '../../platform/errors.js';

/** The objects that a purchase or a checkout refers to. Undefined and null refer to none. */
export interface References {
  product_id?: string;
  customer_id?: string | null;
  checkout_id?: string | null;
}

/** The references in the body of a PUT: of each pair exactly one is given. */
export interface InlineReferences {
  product?: InlineProduct;
  product_id?: string;
  customer?: InlineCustomer;
  customer_id?: string;
  checkout_id?: string;
}

/** Makes sure that the objects that a purchase refers to exist. */
@Injectable()
export class ReferencesService {
  constructor(
    private readonly products: ProductsRepository,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly productsService: ProductsService,
    private readonly customersService: CustomersService,
  ) {}

  /**
   * Locks the referenced objects against deletion until the caller's transaction ends. Checkouts
   * need no lock, since they cannot be deleted.
   *
   * @throws ResourceNotFound naming the object that is unknown, deleted or another tenant's.
   */
  async lock(organizationId: string, references: References): Promise<void> {
    const { product_id, customer_id, checkout_id } = references;
    if (product_id && !(await this.products.lockAgainstDeletion(organizationId, product_id))) {
      throw noSuch('product', product_id);
    }
    if (customer_id && !(await this.customers.lockAgainstDeletion(organizationId, customer_id))) {
      throw noSuch('customer', customer_id);
    }
    if (checkout_id && !(await this.checkouts.find(organizationId, checkout_id))) {
      throw noSuch('checkout', checkout_id);
    }
  }

  /**
   * Creates or updates the inline objects, and locks the others as {@link lock} does. References
   * that the purchase has already are not checked: their objects may have been deleted since, and a
   * PUT that changes nothing must still succeed.
   *
   * @param current the references of the purchase as it is; null for a new one.
   * @returns the ids of the product and the customer.
   * @throws ResourceNotFound, Conflict, ServiceUnavailable
   */
  async resolve(
    caller: Caller,
    sent: InlineReferences,
    current: References | null,
  ): Promise<{ product_id: string; customer_id: string }> {
    const { product, customer, checkout_id } = sent;
    // Always the product first: in a fixed order, two transactions cannot deadlock here.
    const product_id = product
      ? (await this.productsService.upsert(caller, product)).id
      : (sent.product_id as string);
    const customer_id = customer
      ? (await this.customersService.upsert(caller, customer)).id
      : (sent.customer_id as string);
    const wanted = { product_id, customer_id, ...(checkout_id && { checkout_id }) };
    await this.lock(caller.organizationId, changedFields<References>(current ?? {}, wanted));
    return { product_id, customer_id };
  }
}
