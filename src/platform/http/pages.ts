import type { Type } from '@nestjs/common';
import { ShownInteger, ShownList, ShownObject } from './answers.js';
import { IntegerField } from './fields.js';

const MAX_LIMIT = 100;
const MAX_PAGE = 1_000_000;

/** Which page of a list, counted from 1, and how many items a page has. */
export class PageQuery {
  @IntegerField({ description: 'The page, counted from 1.', default: 1, min: 1, max: MAX_PAGE })
  page = 1;

  @IntegerField({ description: 'Items a page.', default: 10, min: 1, max: MAX_LIMIT })
  limit = 10;
}

/** One page of rows, and how many there are on all pages. */
export interface Page<Row> {
  rows: Row[];
  total: number;
}

/** Newest first; the id decides between rows of the same millisecond. */
export const NEWEST_FIRST = [{ created_at: 'desc' as const }, { id: 'asc' as const }];

/** The part of the list that a page shows, in Prisma's words. */
export function sliceOf({ page, limit }: PageQuery): { skip: number; take: number } {
  return { skip: (page - 1) * limit, take: limit };
}

class PaginationDto {
  @ShownInteger('How many items there are on all pages.', { example: 1 })
  total_count: number;

  @ShownInteger('The number of the last page; 0 without items.', { example: 1 })
  max_page: number;
}

/** The answer of a list. {@link PageOf} makes the class of one object's list. */
export interface PageAnswer<Item> {
  items: Item[];
  pagination: PaginationDto;
}

/** The described class of a list of `item`. */
export function PageOf<Item>(item: Type<Item>): Type<PageAnswer<Item>> {
  class Described implements PageAnswer<Item> {
    @ShownList(item, 'Newest first.')
    items: Item[];

    @ShownObject(PaginationDto, 'How long the whole list is.')
    pagination: PaginationDto;
  }
  return Described;
}

/** The answer of a list: each row as `show` puts it on the wire. */
export function toPage<Row, Item>(
  page: Page<Row>,
  { limit }: PageQuery,
  show: (row: Row) => Item,
): PageAnswer<Item> {
  return {
    items: page.rows.map(show),
    pagination: { total_count: page.total, max_page: Math.ceil(page.total / limit) },
  };
}
