# Gantry itself: the sources as they are (Node strips the types), production modules, no build step, not root, fit for a read-only root.
#   docker build -f docker/gantry.Dockerfile -t gantry:0.1.0 .
# Without a registry: --build-arg BASE=gantry/base-node:1, with the production modules put into docker/modules/node_modules beforehand.
ARG BASE=node:24.21.0-trixie-slim

FROM ${BASE} AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc docker/modules* ./
RUN if [ ! -d node_modules ]; then npm ci --omit=dev --omit=optional --no-audit --no-fund; fi

FROM ${BASE}
LABEL org.opencontainers.image.title="Gantry" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY package.json ./
COPY docker/bases docker/bases
COPY docker/setup docker/setup
COPY docker/compose docker/compose
COPY docker/runtimes docker/runtimes
COPY config config
COPY plugins plugins
COPY src src
# A named volume takes over this owner when it is made.
RUN mkdir -p /data && chown 10001:10001 /data
ENV NODE_ENV=production GANTRY_DATA=/data GANTRY_LOGS_FOLDER=/data/logs GANTRY_WEB_HOST=0.0.0.0 GANTRY_METRICS_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "docker/compose/check-ready.mjs"]
ENTRYPOINT ["node", "src/main.ts"]
CMD ["up"]
