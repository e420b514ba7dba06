/** What a person, or a model, says about the columns and cells of a file. */

/** What columns are used for. Names are those of the header, or `c0`, `c1`, ... where there is none. */
export interface ColumnRoles {
  /** The features, in this order; every numeric column but the others where it is undefined. */
  readonly columns?: readonly string[] | undefined;
  /** Columns that are no features, whatever they hold. */
  readonly exclude?: readonly string[] | undefined;
  /** `false` for no time column; looked for where it is undefined. */
  readonly timeColumn?: string | false | undefined;
  /** The column of dates, where `timeColumn` holds times of day. */
  readonly dateColumn?: string | undefined;
  readonly groupColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  /** A long file: the column of the names of features, and that of their readings. */
  readonly tagColumn?: string | undefined;
  readonly valueColumn?: string | undefined;
  /** Whether the cells of the time column are kept as they are written. */
  readonly keepTimeText?: boolean | undefined;
  /** Roles that come from a model, and are passed over in a file without their column. */
  readonly usualRoles?: readonly RoleName[] | undefined;
}

/** The roles of single columns that a model knows from its training data. */
export const ROLE_NAMES = ["timeColumn", "dateColumn", "groupColumn", "tagColumn", "valueColumn"] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

/** How the cells of a file are read. */
export interface CellOptions {
  readonly decimal?: "." | "," | undefined;
  /** Cells that count as missing beside the usual words. */
  readonly missing?: readonly string[] | undefined;
  readonly timeFormat?: string | undefined;
  readonly timeZone?: string | undefined;
  /** The format of times that is taken where nothing in the file decides. */
  readonly usualTimeFormat?: string | undefined;
}

/** The names of all columns that options give a role. */
export function namedColumns(roles: ColumnRoles): string[] {
  const { columns = [], exclude = [], timeColumn, dateColumn, groupColumn, labelColumn, tagColumn } = roles;
  const single = [timeColumn, dateColumn, groupColumn, labelColumn, tagColumn, roles.valueColumn];
  return [...columns, ...exclude, ...single.filter((name) => typeof name === "string")];
}
