import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { Database } from '../platform/database/database.js';
import { isDuplicate } from '../platform/database/database-errors.js';
import { type LocatedProblem, RequestValidationError } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { changedFields, isEmpty } from '../platform/changed-fields.js';
import {
  claimUrlProblem,
  httpsUrlProblem,
  mergedBrand,
  normalizedClaimUrl,
} from './organization.js';
import type { UpdateOrganization, UpdateSettings } from './organizations.dto.js';
import { SlugTaken } from './organizations.errors.js';
import { type OrganizationRow, OrganizationsRepository } from './organizations.repository.js';

/** Creates, finds and changes organizations, which are the tenants. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly database: Database,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates an organization. No route does so: only the command line, the demo and tests call this.
   * @throws SlugTaken
   */
  create(input: { slug: string; name: string; id?: string }): Promise<OrganizationRow> {
    return withSlugTaken(() =>
      this.organizations.insert({
        id: input.id ?? randomUUID(),
        created_at: this.clock.now(),
        slug: input.slug,
        name: input.name,
      }),
    );
  }

  get(caller: Caller): Promise<OrganizationRow> {
    return this.organizations.get(caller.organizationId);
  }

  findBySlug(slug: string): Promise<OrganizationRow | null> {
    return this.organizations.findBySlug(slug);
  }

  all(): Promise<OrganizationRow[]> {
    return this.organizations.listAll();
  }

  /**
   * Changes the given keys and leaves the others, including those within the settings and the brand.
   * @throws SlugTaken, RequestValidationError
   */
  update(caller: Caller, body: UpdateOrganization): Promise<OrganizationRow> {
    const { settings = {}, ...own } = body;
    const problems = urlProblems(settings, !this.settings.production);
    if (problems.length > 0) throw new RequestValidationError(problems);
    const { brand, claim_url_template: template, ...columns } = settings;
    const claim_url_template = template && normalizedClaimUrl(template);
    const applyChanges = async () => {
      const row = await this.organizations.lock(caller.organizationId);
      const merged = brand && mergedBrand(row.brand, brand);
      const wanted = { ...own, ...columns, claim_url_template, brand: merged };
      const changes = changedFields(row, wanted);
      if (isEmpty(changes)) return row;
      return this.organizations.update(row.id, { ...changes, modified_at: this.clock.now() });
    };
    return withSlugTaken(() => this.database.transaction(applyChanges));
  }
}

/** @throws SlugTaken when `work` violates the unique index of the slugs. */
async function withSlugTaken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isDuplicate(error, 'organizations_slug_key') ? new SlugTaken() : error;
  }
}

function urlProblems(settings: UpdateSettings, allowHttp: boolean): LocatedProblem[] {
  const { claim_url_template, brand } = settings;
  const checked: [path: string[], value: string | null | undefined, msg: string | undefined][] = [
    [
      ['claim_url_template'],
      claim_url_template,
      claim_url_template ? claimUrlProblem(claim_url_template, allowHttp) : undefined,
    ],
    ...(['logo_url', 'support_url'] as const).map(
      (key): [string[], string | null | undefined, string | undefined] => {
        const value = brand?.[key];
        return [['brand', key], value, value ? httpsUrlProblem(value) : undefined];
      },
    ),
  ];
  return checked.flatMap(([path, input, msg]) =>
    msg === undefined
      ? []
      : [{ type: 'value_error' as const, loc: ['body', 'settings', ...path], msg, input }],
  );
}
