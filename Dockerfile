# syntax=docker/dockerfile:1.7
# One image for the gateway, every function and the command; small ones for servers whose own images have no shell, or belong
# to root.

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /source

# Dependencies first: a layer that lasts until a manifest changes. Every crate is empty in it.
FROM build AS manifests
COPY . .
RUN find . -name target -prune -o -type f ! -name Cargo.toml ! -name Cargo.lock -delete \
    && find . -type d -empty -delete

FROM build AS dependencies
COPY --from=manifests /source .
COPY deploy/build/empty-crates.sh /tmp/
RUN sh /tmp/empty-crates.sh
COPY deploy/build/build.sh deploy/build/
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    sh deploy/build/build.sh

FROM dependencies AS programs
COPY . .
# Newer than what stood in their place.
RUN find . -name '*.rs' -not -path './target/*' -exec touch {} +
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    sh deploy/build/build.sh \
    && mkdir /programs \
    && for name in dzinza $(ls functions); do install -s -m 0755 "target/release/$name" /programs/ || exit 1; done

FROM debian:bookworm-20250721-slim AS dzinza
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 dzinza \
    && useradd --uid 10001 --gid dzinza --home-dir /data --no-create-home --shell /usr/sbin/nologin dzinza \
    && install -d -o dzinza -g dzinza -m 0700 /data
COPY --from=programs /programs/ /usr/local/bin/
USER 10001:10001
WORKDIR /data
ENV DZINZA_DATA=/data DZINZA_LISTEN=0.0.0.0:8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["dzinza", "health"]
CMD ["dzinza", "serve"]

FROM dxflrs/garage:v2.3.0 AS garage-program

FROM debian:bookworm-20250721-slim AS garage
COPY --from=garage-program /garage /usr/local/bin/garage
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/garage
USER 10001:10001
ENTRYPOINT ["sh", "/etc/garage/start.sh"]

FROM caddy:2.10.0-alpine AS edge
RUN chown -R 10001:10001 /data /config
USER 10001:10001

FROM otel/opentelemetry-collector-contrib:0.129.1 AS collector-program

FROM dzinza AS collector
COPY --from=collector-program /otelcol-contrib /usr/local/bin/otelcol-contrib
CMD ["otelcol-contrib", "--config=/etc/otel/collector.yaml"]
