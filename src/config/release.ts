// The release, as package.json has it too.
export const RELEASE = '0.1.0';
