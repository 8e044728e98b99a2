# syntax=docker/dockerfile:1.7
# One image with every program of the hub; a service says which of them it runs. So there is one thing to scan, to sign and to
# roll back. Nothing else is in it: no shell, no package manager, nobody but a user without rights.
#
# Both bases are named by digest. infra/image/refresh-bases asks for the newest of the same tags and rewrites the two lines. Those
# below are what public repositories pinned for these tags in autumn 2026; run it before the first build.
# The builder's Debian (bookworm, 12) must not be newer than the runtime's: the programs use the runtime's glibc.

FROM rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1 AS tools
WORKDIR /src
# One layer that changes when the versions do.
RUN cargo install cargo-chef --locked --version 0.1.78 \
  && cargo install cargo-cyclonedx --locked --version 0.5.9

# What the dependencies are, without the sources that change every day.
FROM tools AS plan
COPY . .
RUN cargo chef prepare --recipe-path /recipe.json

FROM tools AS build
# The same commit gives the same bytes: no paths of the builder, no times.
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} \
  RUSTFLAGS="--remap-path-prefix=/src=. --remap-path-prefix=/usr/local/cargo=cargo" \
  CARGO_INCREMENTAL=0
COPY --from=plan /recipe.json /recipe.json
RUN cargo chef cook --release --locked --recipe-path /recipe.json \
  --package account-proxy --package authorize-redirect --package callback --package hub --package token-refresh
COPY . .
# The release profile (Cargo.toml) has thin LTO, one codegen unit and no symbols.
RUN cargo build --release --locked \
  --package account-proxy --package authorize-redirect --package callback --package hub --package token-refresh \
  && bash infra/image/assemble target/release /image

# The runtime has glibc, libgcc, CA roots and the user nonroot (65532), and nothing to run.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Secure Hub" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot" \
  io.secure-hub.sbom="/usr/share/secure-hub/sbom.cdx.json"
COPY --from=build /image/ /
USER 65532:65532
EXPOSE 8080
# A service names its program; by itself the image only tells what there is.
ENTRYPOINT ["/usr/local/bin/hub"]
CMD ["--help"]
