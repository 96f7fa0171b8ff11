/** The functions that the command uses and Node 20 lacks. esbuild adds this module to the command, before every other module. */
import workerThreads from "node:worker_threads";
import zlib from "node:zlib";

function groupBy<K, V>(items: Iterable<V>, keyOf: (item: V, index: number) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>["resolve"] = () => {};
  let reject: PromiseWithResolvers<T>["reject"] = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

Map.groupBy ??= groupBy;
Promise.withResolvers ??= withResolvers;
// undici marks its requests, so that they cannot be sent to another thread. edgress sends none to its thread.
workerThreads.markAsUncloneable ??= () => {};
// undici reads this function when it loads. It calls it for zstd responses only, and no request accepts zstd.
zlib.createZstdDecompress ??= () => {
  throw new Error("zstd needs Node 22.15 or newer");
};
