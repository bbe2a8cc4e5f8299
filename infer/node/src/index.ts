export { type OpenedModel, type OpenModelOptions, openModel } from './model.js';
