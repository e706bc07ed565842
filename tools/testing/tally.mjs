// Counting what passed.

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

export const emptyTally = () => ({ passed: 0, failed: 0, skipped: 0 });

/** @param {Tally[]} tallies @returns {Tally} */
export function sum(tallies) {
  return tallies.reduce(
    (total, one) => ({ passed: total.passed + one.passed, failed: total.failed + one.failed, skipped: total.skipped + one.skipped }),
    emptyTally(),
  );
}

/** One check, such as lint. */
export const checkTally = (ok) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });

/**
 * From jest's --json. A file that fails without a failing test (it does not load, or it leaves something open) is one failure.
 * @returns {Tally}
 */
export function jestTally(results) {
  const brokenFiles = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + brokenFiles.length,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

/** The line that ends `npm test`. */
export const tallyLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** A run in which nothing ran has shown nothing. */
export const exitCode = ({ passed, failed }) => (failed > 0 || passed === 0 ? 1 : 0);
