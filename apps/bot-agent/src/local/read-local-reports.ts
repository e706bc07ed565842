import { DomainError, type Issue, LocalReport } from '@trawling/contracts';
import { jsonProblems } from '@trawling/domain';
import { z } from 'zod';

/** As the contract LocalReports has it; taken apart, so that an issue names the report and field and not a union. */
const MAX_REPORTS = 100;
const Batch = z.array(LocalReport).min(1).max(MAX_REPORTS);

/** The sync-adapter takes 32 KB with each event, and the agent adds a little of its own. */
const MAX_DATA_BYTES = 24 * 1024;
const MAX_LABELS = 20;
/** What the agent says of itself. */
const OWN_METRIC = /^(agent|gateway|config)\./;

/** One report or a list of them. Throws DomainError `invalid-request` with an issue for everything that is wrong. */
export function readLocalReports(body: unknown): LocalReport[] {
  const problems: Issue[] = jsonProblems(body).map(({ path, message }) => ({ path, message }));
  if (problems.length > 0) throw invalid(problems);
  const parsed = Array.isArray(body) ? Batch.safeParse(body) : LocalReport.transform((report) => [report]).safeParse(body);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message })));
  const issues = parsed.data.flatMap((report, index) => unfit(report).map(({ path, message }) => ({ path: Array.isArray(body) ? `${index}.${path}` : path, message })));
  if (issues.length > 0) throw invalid(issues);
  return parsed.data;
}

/** What the sync-adapter would reject, said while somebody still listens. */
function unfit(report: LocalReport): Issue[] {
  const issues: Issue[] = [];
  if ('data' in report && Buffer.byteLength(JSON.stringify(report.data)) > MAX_DATA_BYTES)
    issues.push({ path: 'data', message: `is more than ${MAX_DATA_BYTES} bytes` });
  if (report.kind === 'metric') {
    if (Object.keys(report.labels).length > MAX_LABELS) issues.push({ path: 'labels', message: `are more than ${MAX_LABELS}` });
    if (OWN_METRIC.test(report.name)) issues.push({ path: 'name', message: 'is one of the agent’s own' });
  }
  return issues;
}

const invalid = (issues: Issue[]): DomainError =>
  new DomainError('invalid-request', issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ').slice(0, 2000), {
    issues: issues.slice(0, 100),
  });
