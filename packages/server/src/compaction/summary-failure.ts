/** The one error of making a summary. Thrown in `compaction/`, mapped to SUMMARISER_FAILED there. */

/**
 * Why a summary could not be made, in words fit for the requester and for the history: no
 * credential, nothing of the conversation. Without a full stop at the end.
 */
export class SummaryFailure extends Error {
  override readonly name = "SummaryFailure";
}
