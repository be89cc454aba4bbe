/*
 * The usual way to write this with Nest: the Express adapter, the stock ValidationPipe, Prisma models,
 * and an interactive transaction that locks the pool, counts its seats and inserts. It uses the lean
 * schema of the bare contestants.
 *
 * compile.ts compiles this file, because Node cannot run decorators.
 */
import 'reflect-metadata';
import { createHash, randomBytes } from 'node:crypto';
import {
  BadRequestException,
  Body,
  type CanActivate,
  ConflictException,
  Controller,
  type ExecutionContext,
  HttpCode,
  Injectable,
  Module,
  NotFoundException,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PrismaPg } from '@prisma/adapter-pg';
import { IsEmail, IsUUID } from 'class-validator';

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

// TypeScript does not know this client: compile.ts generates it.
const { PrismaClient } = await import(new URL('generated/client.js', import.meta.url).href);
const prisma: any = new PrismaClient({
  adapter: new PrismaPg(
    {
      connectionString: process.env['DATABASE_URL'],
      max: Number(process.env['DATABASE_POOL_SIZE']),
    },
    { schema: 'bare' },
  ),
});

class AssignSeatDto {
  @IsUUID()
  subscription_id: string;

  @IsEmail()
  email: string;
}

@Injectable()
class TokenGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest();
    const [, token = ''] = (request.headers.authorization ?? '').split(' ');
    const found = await prisma.token.findUnique({ where: { hash: hashOf(token) } });
    if (found === null) throw new UnauthorizedException();
    request.organizationId = found.organization_id;
    return true;
  }
}

@Injectable()
class SeatsService {
  /** @throws {NotFoundException} {BadRequestException} {ConflictException}. */
  assign(organizationId: string, { subscription_id, email }: AssignSeatDto): Promise<unknown> {
    return prisma.$transaction(async (tx: any) => {
      const [pool] = await tx.$queryRaw`SELECT * FROM bare.pools
        WHERE organization_id = ${organizationId}::uuid
          AND subscription_id = ${subscription_id}::uuid FOR UPDATE`;
      if (pool === undefined) throw new NotFoundException();
      const taken = await tx.seat.count({
        where: { pool_id: pool.id, status: { not: 'revoked' } },
      });
      if (!pool.active || taken >= pool.capacity) throw new BadRequestException('No seat is free.');
      const person = { customer_id: pool.customer_id, email };
      const member =
        (await tx.member.findUnique({ where: { customer_id_email: person } })) ??
        (await tx.member.create({ data: { ...person, organization_id: organizationId } }));
      const place = { pool_id: pool.id, member_id: member.id };
      const seated = await tx.seat.findUnique({ where: { pool_id_member_id: place } });
      if (seated !== null) throw new ConflictException('This person has a seat.');
      const seat = await tx.seat.create({
        data: {
          ...place,
          email,
          status: 'pending',
          invitation_hash: hashOf(randomBytes(16).toString('base64url')),
          invitation_expires_at: new Date(Date.now() + WEEK_MS),
        },
        include: { member: true },
      });
      const data = JSON.parse(JSON.stringify(seat));
      await tx.event.create({
        data: { organization_id: organizationId, seat_id: seat.id, type: 'assigned', data },
      });
      return seat;
    });
  }
}

@Controller('v1/customer-seats')
@UseGuards(TokenGuard)
class SeatsController {
  private readonly seats: SeatsService;

  constructor(seats: SeatsService) {
    this.seats = seats;
  }

  @Post()
  @HttpCode(200)
  assign(@Req() request: any, @Body() body: AssignSeatDto): Promise<unknown> {
    return this.seats.assign(request.organizationId, body);
  }
}

@Module({ controllers: [SeatsController], providers: [SeatsService, TokenGuard] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
await app.listen(Number(process.env['PORT']), '127.0.0.1');
