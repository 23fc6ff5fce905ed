// The label that everything we make on an engine carries; what does not carry it is never touched (I-10).
export const INSTANCE_LABEL = 'io.gantry.instance';
