# The image of `muster bridge` and `muster report`: the compiled program and what it needs, without models.
# Built from the project's folder, see deploy/compose.yaml.
FROM node:24-bookworm-slim AS build
WORKDIR /muster
COPY package.json package-lock.json .npmrc* ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY demo demo
COPY bench bench
COPY dashboards dashboards
# The program's folder is a link to its newest build.
RUN npm run -s build && cp -rL dist/program program

FROM node:24-bookworm-slim AS packages
WORKDIR /muster
COPY package.json package-lock.json .npmrc* ./
# classic-level brings its binaries, onnxruntime-node is not used here: no install script has to run.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/onnxruntime-node

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /muster
COPY package.json ./
COPY bin bin
COPY config config
COPY models/manifest.json models/manifest.json
COPY --from=packages /muster/node_modules node_modules
COPY --from=build /muster/program dist/program
# A named volume takes over the owner that its folder has here.
RUN mkdir /data && chown node:node /data
USER node
ENTRYPOINT ["node", "bin/muster.js"]
CMD ["bridge"]
