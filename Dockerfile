# egunet on the processor: docker build -t egunet . && docker run --rm -v "$PWD:/data" egunet infer scene.tif -m model.onnx -o map.tif
FROM node:22-bookworm-slim AS build
WORKDIR /egunet
COPY . .
RUN node scripts/setup.mjs && mkdir /packages && npm pack --workspaces --pack-destination /packages

# The packages as npm would bring them, without what builds and tests them.
FROM node:22-bookworm-slim
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
  npm install --prefix /opt/egunet --omit=dev --ignore-scripts --no-audit --no-fund /packages/*.tgz \
  && npm cache clean --force
USER node
WORKDIR /data
ENTRYPOINT ["/opt/egunet/node_modules/.bin/egunet"]
CMD ["--help"]
