/** Counts requests by method, route and status; both ways into an app (Express and hot routes) tell it. */
export type HttpMetrics = {
  /** `route` is the path with its parameters' names, never what a caller sent. */
  observe: (method: string, route: string, status: number, seconds: number) => void;
};
