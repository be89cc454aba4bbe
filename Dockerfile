# The image of the service. APP_ROLE selects the API, the worker or both.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# npm packages are all it needs. Neither the build nor the service downloads a Prisma engine.
RUN npm ci
COPY . .
# The only optional dependency is the embedded PostgreSQL for development.
RUN npm run -s build && npm prune --omit=dev --omit=optional

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build /app/package.json /app/openapi.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/dist ./dist
# The guides, and the documents that they refer to: the service shows them as pages.
COPY --from=build /app/docs/guides ./docs/guides
COPY --from=build /app/docs/webhooks.md /app/docs/reliability.md ./docs/
COPY --from=build /app/README.md /app/SECURITY.md ./
# Neither root nor the owner of the code.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Without npm, so that SIGTERM reaches the service, which then stops gracefully: SHUTDOWN_DELAY (5 s) and at most 24 s more.
STOPSIGNAL SIGTERM
CMD ["node", "dist/main.js"]
