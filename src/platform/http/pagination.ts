import { ApiSchema } from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import { IntegerProperty, ListProperty, ObjectProperty } from './response-properties.js';
import { IntegerField } from './request-fields.js';

const MAX_LIMIT = 100;
const MAX_PAGE = 1_000_000;

/** The query of a list: the number of the page, and the number of items per page. */
export class PageQuery {
  @IntegerField({ description: 'The page, counted from 1.', default: 1, min: 1, max: MAX_PAGE })
  page = 1;

  @IntegerField({ description: 'Items per page.', default: 10, min: 1, max: MAX_LIMIT })
  limit = 10;
}

/** The rows of one page, and the number of rows on all pages. */
export interface Paginated<Row> {
  rows: Row[];
  total: number;
}

/** Newest first; the id orders rows of the same millisecond. */
export const NEWEST_FIRST = [{ created_at: 'desc' as const }, { id: 'asc' as const }];

/** The page as the `skip` and `take` of a Prisma query. */
export function skipAndTake({ page, limit }: PageQuery): { skip: number; take: number } {
  return { skip: (page - 1) * limit, take: limit };
}

@ApiSchema({ name: 'Pagination', description: 'How long a list is.' })
class PaginationDto {
  @IntegerProperty('How many items there are on all pages.', { example: 1 })
  total_count: number;

  @IntegerProperty('The number of the last page; 0 without items.', { example: 1 })
  max_page: number;
}

/** The response of a list. {@link PageOf} makes its class for the items of one type. */
export interface PageResponse<Item> {
  items: Item[];
  pagination: PaginationDto;
}

/** The class of a list of `item`, with its OpenAPI description. */
export function PageOf<Item>(item: Type<Item>): Type<PageResponse<Item>> {
  class Described implements PageResponse<Item> {
    @ListProperty(item, 'Newest first.')
    items: Item[];

    @ObjectProperty(PaginationDto, 'How long the whole list is.')
    pagination: PaginationDto;
  }
  return Described;
}

/** The response of a list. `show` makes an item of each row. */
export function toPageResponse<Row, Item>(
  page: Paginated<Row>,
  { limit }: PageQuery,
  show: (row: Row) => Item,
): PageResponse<Item> {
  return {
    items: page.rows.map(show),
    pagination: { total_count: page.total, max_page: Math.ceil(page.total / limit) },
  };
}
