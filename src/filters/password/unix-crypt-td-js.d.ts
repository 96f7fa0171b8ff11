// CommonJS, which the package ships without types.
declare module "unix-crypt-td-js" {
  /** crypt(3) over DES: the password's bytes, and a salt of two characters. */
  const unixCrypt: (password: readonly number[], salt: string) => string;
  // biome-ignore lint/style/noDefaultExport: it is how bundlers and Node show a CommonJS module.
  export default unixCrypt;
}
