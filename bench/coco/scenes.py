"""Random ground truth and detections in COCO's format: seeded, with crowds, all sizes, misses and false alarms."""
import random


def make_ground_truth(rng, num_images, num_categories, max_objects):
    images, annotations = [], []
    for i in range(num_images):
        width, height = rng.choice([(640, 480), (480, 640), (500, 375)])
        images.append({"id": 3 * i + 7, "width": width, "height": height})
        for _ in range(rng.randint(0, max_objects)):
            size = rng.choice([(6, 30), (32, 95), (97, 300)])
            w, h = round(rng.uniform(*size), 2), round(rng.uniform(*size), 2)
            x, y = round(rng.uniform(0, max(1, width - w)), 2), round(rng.uniform(0, max(1, height - h)), 2)
            annotations.append({
                "id": len(annotations) + 1, "image_id": 3 * i + 7, "category_id": rng.choice(num_categories),
                "bbox": [x, y, w, h],
                # The area of a mask is smaller than its box: the two may fall into different area ranges.
                "area": round(w * h * rng.uniform(0.5, 1.0), 2),
                "iscrowd": 1 if rng.random() < 0.05 else 0,
            })
    categories = [{"id": c, "name": f"class{c}"} for c in sorted(num_categories)]
    return {"images": images, "annotations": annotations, "categories": categories}


def make_detections(rng, truth, per_image, noise, distinct_scores):
    """About `per_image` detections an image: jittered copies of objects, doubles, and boxes out of nowhere."""
    of_image = {image["id"]: [] for image in truth["images"]}
    for annotation in truth["annotations"]:
        of_image[annotation["image_id"]].append(annotation)
    category_ids = [category["id"] for category in truth["categories"]]
    detections = []
    for image in truth["images"]:
        for k in range(per_image):
            objects = of_image[image["id"]]
            if objects and rng.random() < 0.5:
                source = rng.choice(objects)
                x, y, w, h = source["bbox"]
                jitter = rng.choice([0.0, noise / 3, noise])
                box = [x + rng.gauss(0, jitter) * w, y + rng.gauss(0, jitter) * h,
                       w * max(0.2, 1 + rng.gauss(0, jitter)), h * max(0.2, 1 + rng.gauss(0, jitter))]
                category = source["category_id"] if rng.random() < 0.85 else rng.choice(category_ids)
                score = rng.betavariate(3, 2)
            else:
                w, h = rng.uniform(4, 250), rng.uniform(4, 250)
                box = [rng.uniform(0, image["width"]), rng.uniform(0, image["height"]), w, h]
                category, score = rng.choice(category_ids), rng.betavariate(1, 4)
            digits = 6 if distinct_scores else 2
            detections.append({"image_id": image["id"], "category_id": category,
                               "bbox": [round(v, 2) for v in box], "score": round(score, digits)})
    return detections


def seeded(seed):
    return random.Random(seed)
