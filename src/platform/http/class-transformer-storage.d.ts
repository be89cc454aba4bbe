// class-transformer stores its metadata in a module that its index does not export.
// @nestjs/mapped-types reads the same file.
declare module 'class-transformer/cjs/storage.js' {
  export { defaultMetadataStorage } from 'class-transformer/types/storage.js';
}
