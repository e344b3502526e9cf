/**
 * Who must hear of changes to guest memory, page by page. Pages are named by host page: host offset / 4096. A software
 * engine and DMA ask before they write; an engine on hardware reports what its dirty log says.
 */
export interface PageTracker {
  /** Call before each write to a page, or before giving out a pointer through which it can be written without asking. */
  beforeWrite(hostPage: number): void;
}
