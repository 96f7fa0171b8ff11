import type { LabelSelector, NamespaceLabels, NamespaceScope } from "../../collect/gateway/gateway-model.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

/** Whether a scope of an object in `ownNamespace` contains a namespace. */
export type NamespaceCheck = (scope: NamespaceScope, ownNamespace: string, namespace: string) => boolean;

/** Returns a check with the labels of all namespaces. A Namespace that is not listed has the label of its name only. */
export function createNamespaceCheck(namespaces: readonly NamespaceLabels[]): NamespaceCheck {
  const labelsByName = new Map(namespaces.map(({ name, labels }) => [name, labels]));
  return (scope, ownNamespace, namespace) => {
    switch (scope.from) {
      case "All":
        return true;
      case "None":
        return false;
      case "Same":
        return namespace === ownNamespace;
      case "Selector":
        return selectsLabels(scope.selector, { ...labelsByName.get(namespace), [NAME_LABEL]: namespace });
    }
  };
}

/** Whether a selector matches labels. An empty selector matches all; an unknown operator matches none. */
export function selectsLabels(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => readLabel(labels, key) === value) &&
    matchExpressions.every(({ key, operator, values }) => matchesExpression(operator, values, readLabel(labels, key)))
  );
}

function matchesExpression(operator: string, values: readonly string[], label: string | undefined): boolean {
  switch (operator) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
    default:
      return false;
  }
}

function readLabel(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
