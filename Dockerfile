# The router alone: production dependencies, sources (Node.js runs them as they are), the bundled dashboard, no demo, no
# compiler.
#
#   docker build -t signalbox .
#   docker run -p 8080:8080 -v "$PWD/routes:/etc/signalbox:ro" signalbox
#
# Mount the folder that holds routes.yaml, not the file alone: an editor that saves by renaming would leave the
# container with the old file. Listeners in that file must stand on 0.0.0.0 to be reached from outside the container.
#
# Revisions and leases are kept in the volume /var/lib/signalbox. With the document mounted read-only, edits through the API are
# refused; `admin: { writeBack: false }` keeps them in that volume instead.
#
# The admin port stays inside the container (127.0.0.1:9901), which is enough for the health check below. To reach it,
# for metrics or from an orchestrator's probes, the document says `admin: { address: 0.0.0.0:9901, token: "${SIGNALBOX_ADMIN_TOKEN}" }`
# and the container gets `-e SIGNALBOX_ADMIN_TOKEN=...`; without a token the router refuses an address that is not loopback.

FROM node:26-slim AS packages
WORKDIR /opt/signalbox
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The dashboard is bundled by development dependencies, which stay in this stage.
FROM node:26-slim AS dashboard
WORKDIR /opt/signalbox
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY src ./src
RUN node src/dashboard/build.ts

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /opt/signalbox
COPY --from=packages /opt/signalbox/node_modules ./node_modules
COPY package.json ./
COPY src ./src
COPY --from=dashboard /opt/signalbox/dist ./dist
COPY docs/container.yaml /etc/signalbox/routes.yaml
# One short start fills the compile cache beside the sources (src/boot.js): a container starts in less than half the time, and
# the user that runs it cannot write there.
RUN timeout --signal=KILL 10 node --single-threaded-gc src/boot.js serve --config /etc/signalbox/routes.yaml --state /tmp/state; \
    rm -rf /tmp/state; chmod -R a+rX .cache; mkdir -p /var/lib/signalbox; chown node:node /var/lib/signalbox
USER node
VOLUME /var/lib/signalbox
EXPOSE 8080 9901
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9901/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--single-threaded-gc", "src/boot.js"]
CMD ["serve", "--config", "/etc/signalbox/routes.yaml", "--state", "/var/lib/signalbox"]
