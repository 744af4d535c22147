/** What a validation's figures look like in files, messages and tables. */
import type { RunSummary, SummaryResults } from '../configs/run-summary.js';
import type { ValReport } from './validator.js';

/** Per-class rows are worth a screen up to this many classes, as in the reference. */
const MAX_CLASSES_LISTED = 50;

/** The figures that the files, the messages and the table share; zeros where nothing was validated. */
export function figures(report: ValReport | undefined): SummaryResults {
  return {
    precision: report?.precision ?? 0,
    recall: report?.recall ?? 0,
    map50: report?.map50 ?? 0,
    map: report?.map ?? 0,
    ap65: report?.ap65 ?? 0,
    ap75: report?.ap75 ?? 0,
    ap80: report?.ap80 ?? 0,
    ap90: report?.ap90 ?? 0,
  };
}

/** One row of results per class, for the table at the end; none for data sets with many classes. */
export function perClassRows(report: ValReport, names: readonly string[]): NonNullable<RunSummary['perClass']> {
  if (report.perClass.length > MAX_CLASSES_LISTED) return [];
  return report.perClass.map(({ classId, precision, recall, ap, numLabels }) => ({
    name: names[classId] ?? String(classId),
    labels: numLabels,
    precision,
    recall,
    map50: ap[0]!,
    map: ap.reduce((sum, value) => sum + value, 0) / ap.length,
    ap65: ap[3]!,
    ap75: ap[5]!,
    ap80: ap[6]!,
    ap90: ap[8]!,
  }));
}
