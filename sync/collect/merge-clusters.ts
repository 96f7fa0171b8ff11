import type { Cluster } from "./cluster-model.ts";
import { mergeGatewayObjects } from "./gateway/gateway-objects.ts";

/** Merges partial clusters. A list that occurs in only one of them stays the same array. */
export function mergeClusters(parts: readonly Cluster[]): Cluster {
  const mergeLists = <T>(selectList: (part: Cluster) => readonly T[]): readonly T[] => {
    const [firstList = [], ...otherLists] = parts.map(selectList).filter((list) => list.length > 0);
    return otherLists.length === 0 ? firstList : [firstList, ...otherLists].flat();
  };
  return {
    ingresses: mergeLists(({ ingresses }) => ingresses),
    classes: mergeLists(({ classes }) => classes),
    services: mergeLists(({ services }) => services),
    secrets: mergeLists(({ secrets }) => secrets),
    configMaps: mergeLists(({ configMaps }) => configMaps),
    referenceGrants: mergeLists(({ referenceGrants }) => referenceGrants),
    gateway: mergeGatewayObjects(
      parts.map(({ gateway }) => gateway),
      (selectList) => mergeLists(({ gateway }) => selectList(gateway)),
    ),
    invalidObjects: mergeLists(({ invalidObjects }) => invalidObjects),
    unreadableReferences: [],
    certificates: "unknown",
  };
}
