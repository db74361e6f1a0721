import fs from 'node:fs';
import path from 'node:path';
import { applyPatch, type Operation } from 'rfc6902';
import { parse, parseAllDocuments } from 'yaml';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  [field: string]: unknown;
}

interface Kustomization {
  namespace?: string;
  resources: string[];
  images?: { name: string; newName?: string; newTag?: string }[];
  patches?: { target: { kind: string; name?: string }; patch: string }[];
}

/**
 * What `kustomize build` makes of an overlay of this folder, for machines without it: resources, a namespace, images and JSON patches by
 * target. Any other field is an error, so that nothing is silently left out.
 */
export function renderOverlay(folder: string): Manifest[] {
  const { apiVersion, kind, namespace, resources, images = [], patches = [], ...rest } = readKustomization(folder);
  if (Object.keys(rest).length > 0) throw new Error(`${folder}: ${Object.keys(rest)} cannot be rendered here`);
  const manifests = resources.flatMap((resource) => {
    const target = path.join(folder, resource);
    return fs.statSync(target).isDirectory() ? renderOverlay(target) : readManifests(target);
  });
  for (const manifest of manifests) if (namespace !== undefined) manifest.metadata.namespace = namespace;
  for (const { target, patch } of patches) {
    const targets = manifests.filter(({ kind, metadata: { name } }) => kind === target.kind && fits(target.name, name));
    if (targets.length === 0) throw new Error(`${folder}: a patch has no target`);
    for (const manifest of targets) applyOrThrow(manifest, parse(patch), folder);
  }
  for (const { name, newName = name, newTag } of images)
    eachImage(manifests, (image) => (image === name ? `${newName}:${newTag}` : image));
  return manifests;
}

export const readManifests = (file: string): Manifest[] =>
  parseAllDocuments(fs.readFileSync(file, 'utf8')).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS();
  });

const readKustomization = (folder: string): Kustomization & Record<'apiVersion' | 'kind', string> =>
  parse(fs.readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8'));

/** Kustomize takes a target's name as a regular expression over the whole name. */
const fits = (pattern: string | undefined, name: string): boolean =>
  pattern === undefined || new RegExp(`^(?:${pattern})$`).test(name);

function applyOrThrow(manifest: Manifest, patch: Operation[], folder: string): void {
  const failed = applyPatch(manifest, patch).find((error) => error !== null);
  if (failed) throw new Error(`${folder}: ${manifest.kind} ${manifest.metadata.name}: ${failed.message}`);
}

function eachImage(node: unknown, change: (image: string) => string): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'image' && typeof value === 'string') Object.assign(node, { image: change(value) });
    else eachImage(value, change);
  }
}
