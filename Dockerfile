# Two images. The last stage, what `docker build .` makes, is the release: server and command line,
# which believe Intel's root and no other. `--target demo` has the simulator and binaries that accept
# its root instead; never deploy it.
#
# No setting is given here: a setting counts only where it stands in the measured compose file.

FROM debian:bookworm-slim AS source
WORKDIR /src
COPY run ./
RUN ./run deps build && rm -rf /var/lib/apt/lists/*
COPY . .

FROM source AS release
RUN ./run build release && DESTDIR=/out cmake --install build/release --prefix /usr --strip

FROM source AS simulated
RUN cmake --preset bench -DRPL_TESTS=OFF && cmake --build --preset bench && \
    DESTDIR=/out cmake --install build/bench --prefix /usr --strip

FROM debian:bookworm-slim AS base
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
        ca-certificates libcurl4 libh2o-evloop0.13 libjansson4 libnghttp2-14 libprotobuf-c1 \
        libsecp256k1-1 libsodium23 libssl3 && \
    rm -rf /var/lib/apt/lists/*
EXPOSE 4001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["replicatoor", "health"]
CMD ["replicatoor"]

FROM base AS demo
WORKDIR /opt/replicatoor
COPY run ./
RUN ./run deps demo && rm -rf /var/lib/apt/lists/*
COPY tools tools
COPY --from=simulated /out/usr/bin/ /usr/bin/

FROM base AS runtime
COPY --from=release /out/usr/bin/ /usr/bin/
