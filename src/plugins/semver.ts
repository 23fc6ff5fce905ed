// Which of two versions is newer (semver 2.0.0 §11). Manifests permit no build part, so no two different texts are equal.

/** Below 0: left is older; above 0: left is newer; 0: the same. Both texts passed the manifest's rule. */
export function compareVersions(left: string, right: string): number {
  const [leftCore, leftPre] = split(left);
  const [rightCore, rightPre] = split(right);
  const byCore = compareParts(leftCore, rightCore);
  if (byCore !== 0) return byCore;
  if (leftPre === null || rightPre === null) return Number(leftPre === null) - Number(rightPre === null);
  return compareParts(leftPre, rightPre);
}

function split(version: string): [readonly string[], readonly string[] | null] {
  const dash = version.indexOf('-');
  if (dash < 0) return [version.split('.'), null];
  return [version.slice(0, dash).split('.'), version.slice(dash + 1).split('.')];
}

function compareParts(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = comparePart(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers before words; numbers by length first, as they have no leading zeros and may be longer than a double holds. */
function comparePart(left: string, right: string): number {
  const isNumber = /^\d+$/;
  const [isLeftNumber, isRightNumber] = [isNumber.test(left), isNumber.test(right)];
  if (isLeftNumber !== isRightNumber) return isLeftNumber ? -1 : 1;
  if (isLeftNumber && left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : Number(left > right);
}
