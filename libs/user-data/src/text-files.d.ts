/** Scripts are files of their own, so that shells and editors know them; whoever bundles or tests takes them as text. */
declare module '*.sh' {
  const text: string;
  export default text;
}
