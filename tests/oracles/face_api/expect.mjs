// What @vladmandic/face-api 1.7.15 itself finds in the pictures of a folder, as JSON.
//
//     npm install @vladmandic/face-api@1.7.15 @tensorflow/tfjs @tensorflow/tfjs-backend-wasm sharp
//     node expect.mjs FOLDER OUT.json
//
// Run it where the packages are installed. Tiny face detector with its default options (416, 0.5), 68 landmarks,
// descriptors; tensors in, so no browser's image scaling takes part. Float arithmetic by TensorFlow.js (wasm).
// Per picture and face: box [x, y, width, height, score], 136 landmark coordinates, 128 descriptor numbers.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.cwd(), 'here.js'));
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const sharp = require('sharp');
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');

const rounded = (numbers, digits) => Array.from(numbers, (number) => Number(number.toFixed(digits)));

async function faces(file) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const tensor = tf.tensor3d(new Float32Array(data), [info.height, info.width, 3]);
  const options = new faceapi.TinyFaceDetectorOptions();
  const found = await faceapi.detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
  tensor.dispose();
  return found.map(({ detection, landmarks, descriptor }) => ({
    box: rounded([detection.box.x, detection.box.y, detection.box.width, detection.box.height, detection.score], 5),
    landmarks: rounded(landmarks.positions.flatMap((point) => [point.x, point.y]), 4),
    descriptor: rounded(descriptor, 6),
  }));
}

const [folder, out] = process.argv.slice(2);
wasm.setWasmPaths(`${path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
await faceapi.tf.setBackend('wasm');
await faceapi.tf.ready();
const models = path.join(path.dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
for (const net of ['tinyFaceDetector', 'faceLandmark68Net', 'faceRecognitionNet']) {
  await faceapi.nets[net].loadFromDisk(models);
}
const result = {};
for (const name of fs.readdirSync(folder).sort()) {
  if (/\.(webp|png|jpg)$/.test(name)) result[name] = await faces(path.join(folder, name));
}
const lines = Object.entries(result).map(([name, found]) => `${JSON.stringify(name)}:${JSON.stringify(found)}`);
fs.writeFileSync(out, `{\n${lines.join(',\n')}\n}\n`);
console.log(faceapi.tf.getBackend(), Object.entries(result).map(([name, found]) => `${name}:${found.length}`).join(' '));
