/** An expression of a query. */
export type SqlExpression =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "interval"; readonly seconds: number }
  | { readonly kind: "call"; readonly name: string; readonly parameters: readonly SqlExpression[] }
  | {
      readonly kind: "operation";
      readonly operator: string;
      readonly left: SqlExpression;
      readonly right: SqlExpression;
    }
  | { readonly kind: "not"; readonly operand: SqlExpression };

export interface SqlColumn {
  readonly name: string;
  readonly expression: SqlExpression;
}

/** The formats of an answer. */
export type SqlFormat = "JSON" | "JSONEachRow" | "TabSeparated";

/** A query that the local account can carry out. */
export type SqlStatement =
  | { readonly kind: "tables"; readonly format: SqlFormat }
  | {
      readonly kind: "select";
      readonly format: SqlFormat;
      readonly columns: readonly SqlColumn[];
      readonly table: string;
      readonly where?: SqlExpression;
      readonly groupBy: readonly SqlExpression[];
      readonly having?: SqlExpression;
      readonly orderBy: readonly { readonly expression: SqlExpression; readonly isDescending: boolean }[];
      readonly limit?: number;
    };

/** Functions over all rows of a group. */
export const AGGREGATES: ReadonlySet<string> = new Set(["count", "sum", "avg", "min", "max"]);

/** Whether an expression has an aggregate function. */
export function isAggregated(expression: SqlExpression): boolean {
  switch (expression.kind) {
    case "call":
      return AGGREGATES.has(expression.name) || expression.parameters.some(isAggregated);
    case "operation":
      return isAggregated(expression.left) || isAggregated(expression.right);
    case "not":
      return isAggregated(expression.operand);
    case "column":
    case "literal":
    case "interval":
      return false;
  }
}
