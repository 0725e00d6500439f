import { useEffect, useState } from 'react';

/** How wide the window is: a wide one shows more columns, not bigger type. */
export function useWidth(): number {
  const [width, setWidth] = useState(window.innerWidth);
  useEffect(() => {
    const hear = () => setWidth(window.innerWidth);
    window.addEventListener('resize', hear);
    return () => window.removeEventListener('resize', hear);
  }, []);
  return width;
}
