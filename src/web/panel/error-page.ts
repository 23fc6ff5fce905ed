// What went wrong, in words, with the way to mend it.
import { ERROR_TABLE } from '../../core/errors/error-table.ts';
import type { GantryError } from '../../core/errors/gantry-error.ts';
import { problemOf, retryHeaders } from '../http/problem.ts';
import type { Answer } from '../http/route.ts';
import type { Views } from './render-view.ts';

export function panelErrorAnswer(views: Views, error: GantryError, path: string): Answer {
  const problem = problemOf(error, path);
  const frame = { title: problem.title, section: 'none', live: null } as const;
  const page = views.render('error', frame, { problem }, ERROR_TABLE[error.code].httpStatus);
  return { ...page, headers: retryHeaders(error) };
}
