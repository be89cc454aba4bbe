import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { sendPage } from '../platform/html/html-page.js';
import { catalogueMarkdown, cataloguePage } from './error-catalogue.js';

/** The catalogue of errors, to which the `doc_url` of every error leads. */
@ApiExcludeController()
@Controller('docs')
export class ErrorsController {
  // The definitions do not change while the process runs.
  private page = cataloguePage();
  private markdown = catalogueMarkdown();

  @Get('errors')
  show(@Res() reply: FastifyReply): void {
    sendPage(reply, this.page);
  }

  @Get('errors.md')
  @Header('content-type', 'text/markdown; charset=utf-8')
  showMarkdown(): string {
    return this.markdown;
  }
}
