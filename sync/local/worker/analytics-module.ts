/** Name of the module that provides the datasets of a script. */
export const ANALYTICS_MODULE = "edgress-local-datasets.js";

/** Binding with the names of the datasets, and binding that stores their points. */
export const DATASETS_BINDING = "EDGRESS_LOCAL_DATASETS";
export const POINTS_BINDING = "EDGRESS_LOCAL_POINTS";

/**
 * Returns a main module that runs the script's own with working datasets of Analytics Engine. workerd's own binding drops
 * every point on this machine. The limits are those of Cloudflare.
 */
export function buildAnalyticsMain(mainModule: string): string {
  return `
import * as script from "./${mainModule}";
export * from "./${mainModule}";

const MAX_POINTS = 250;
const encoder = new TextEncoder();

function check(holds, problem) {
  if (!holds) throw new TypeError("writeDataPoint(): " + problem);
}

function readPoint({ indexes = [], blobs = [], doubles = [] } = {}) {
  const measure = (text) => encoder.encode(text ?? "").length;
  check(indexes.length <= 1, "Maximum of 1 indexes supported.");
  check(blobs.length <= 20, "Maximum of 20 blobs supported.");
  check(doubles.length <= 20, "Maximum of 20 doubles supported.");
  check(measure(indexes[0]) <= 96, "Size of indexes[0] exceeds 96 bytes).");
  check(blobs.reduce((sum, blob) => sum + measure(blob), 0) <= 16384, "Cumulative size of blobs exceeds 16384 bytes).");
  check(doubles.every((value) => typeof value === "number"), "A double must be a number.");
  return { index: indexes[0] ?? "", blobs: blobs.map((blob) => blob ?? ""), doubles };
}

function provideDatasets({ ${DATASETS_BINDING}: datasets, ${POINTS_BINDING}: points, ...env }, context) {
  let written = 0;
  const createDataset = (dataset) => ({
    writeDataPoint(event) {
      if (++written > MAX_POINTS) throw new Error("Too many data points: at most " + MAX_POINTS + " for a request.");
      const point = { dataset, timestamp: Date.now(), ...readPoint(event) };
      context.waitUntil(points.fetch("http://points/", { method: "POST", body: JSON.stringify(point) }));
    },
  });
  for (const [binding, dataset] of Object.entries(datasets)) env[binding] = createDataset(dataset);
  return env;
}

export default {
  ...script.default,
  fetch: (request, env, context) => script.default.fetch(request, provideDatasets(env, context), context),
};
`;
}
